"""What is brought back when it matters: habits of a person, and later what earlier sessions learned."""
