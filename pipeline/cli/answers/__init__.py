"""What the commands answer, in words, as tables and on sheets; nothing here is run by DVC."""
