Live reload after the protocol official-7, for livereload-js 4.0.2, which is served at ``/livereload.js``, and 3.x: style sheets and images are swapped,
pages load anew where they are shown, and ``Rules`` tell which of them depend on what.
