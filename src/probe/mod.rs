//! Sockets that measure. They report what happened; what it means is left to whoever asked.
