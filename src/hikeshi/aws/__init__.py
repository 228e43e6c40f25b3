"""How AWS is reached and what its errors mean: for whoever asks it, the actions and the logs alike."""
