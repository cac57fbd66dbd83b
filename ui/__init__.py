"""What people and programs use: the page in `page`, the server and its APIs in `serving`."""
