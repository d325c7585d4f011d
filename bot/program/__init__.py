"""The program folder: read, checked as a whole, and turned into values. Only this folder knows YAML."""
