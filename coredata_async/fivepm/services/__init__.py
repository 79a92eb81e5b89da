"""What a client does with each of the seven services of 5pm."""
