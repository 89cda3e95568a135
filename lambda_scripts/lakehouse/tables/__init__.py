"""The merged tables: how a partition is computed, published and swept, and what is remembered of each source."""
