"""What a model is told beside the question: a map of the project, symbols of files, and all of it fitted into a window.

Knows files, words and budgets; refuses to know sessions, stores and models.
"""
