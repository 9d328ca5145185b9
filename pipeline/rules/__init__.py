"""What must hold: small functions, registered with id, severity and what they block."""
