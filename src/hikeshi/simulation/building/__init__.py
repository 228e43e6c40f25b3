"""Builders of what actions act on, one file for each folder of actions. Scenes put them together; the tests of actions use them one by one."""
