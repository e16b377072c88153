"""What a build in Cloud Build does itself: scripts that travel in a package's recipe."""
