"""What all Python clients share: pure code, which is told what came and says what is to be sent."""
