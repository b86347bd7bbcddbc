"""Writers of a mixed corpus: one for each agent, the text they share, and the truth about what they wrote."""
