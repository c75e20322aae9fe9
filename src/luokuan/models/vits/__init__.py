"""Voices of others: VITS as transformers has it (Kim, Kong and Son 2021, arXiv 2106.06103), such as MMS-TTS."""
