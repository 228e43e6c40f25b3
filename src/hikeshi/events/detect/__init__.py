"""Detection: Sigma rules as questions in SQL. No store is opened here; `hikeshi.stores.detecting` asks the questions.

loading.py      files to rules; what is wrong with one is a value of that rule
sources.py      log source and field of a rule to columns and JSON paths of events
backend.py      pySigma's condition tree to SQL
correlation.py  event_count, value_count, temporal ... over the hits of other rules
sql.py          the spelling of SQL, nothing about rules
rules/          our own pack, for what the public rules cannot see
"""
