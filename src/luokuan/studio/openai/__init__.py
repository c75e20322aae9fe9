"""`/v1`: the interface that clients of OpenAI's API speak, over the jobs, models and files of this home."""
