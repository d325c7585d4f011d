"""GitHub asks whether a deployment may go (custom deployment protection rule), and is told what people decided."""
