"""Updates on their way in: taken by polling or webhook, kept until they are dealt with, handled in order."""
