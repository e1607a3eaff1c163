"""The window around the views: docks, menus, files, preferences, what is kept when it dies."""
