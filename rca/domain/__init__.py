"""The pure domain: vocabulary, records, life cycle. Imports nothing else of ours."""
