"""AWS IAM: users, what their policies and groups give them, keys and the root user of one account."""
