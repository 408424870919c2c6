"""mlwright: a machine learning engineer as software."""
