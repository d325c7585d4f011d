"""The local Slack page: a stand-in that refuses what Slack refuses, for `attester demo` and tests only."""
