"""Reading a column: what kind it is, how its values are read, and what was wrong with how they were written."""
