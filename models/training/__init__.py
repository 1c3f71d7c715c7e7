"""What models/zoo.py is made of: training the zoo's models from recipes."""
