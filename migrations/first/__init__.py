"""The tables of the first revision, as it was released; never edited, never imported from anywhere else."""
