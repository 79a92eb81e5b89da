"""Services of the client, one for each of the seven services of 5pm."""
