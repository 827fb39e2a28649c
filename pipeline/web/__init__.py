"""Owns the page to search with: an HTTP server over opened folders, and the page that it serves.

serving     `pipeline serve`: the socket, the address, the end
app         the application: routes, errors and guards put together
guard       who may talk to it: hosts, origins, the token; what the page may load
site        what all requests share: the folders, the uploads, what was drawn
uploads     pictures that somebody sends: capped, decoded in a process of their own, kept in memory
models      what is answered of pictures, as types; tables: of the whole folder
answers     from the folder's values to these types
thumbnails  small JPEGs at their true shape
remembered  lists of neighbours, given before anything is parsed, and kept
problems    errors as RFC 9457 has them
pictures, searching, browsing, labels, selections  the routes

It finds nothing by itself: everything is asked of `Folder`. The page lies in
`static/`, and asks nothing but this server.
"""
