"""Values to charts, print pages and PDF bytes. No session and no query in here."""
