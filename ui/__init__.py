"""What a person or a program meets: the page in `page`, the server and its APIs in `serving`."""
