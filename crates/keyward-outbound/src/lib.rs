//! The one outbound client: a single request to an address the operator allowed, pinned for the
//! request, without redirects, with a bounded answer and a deadline.
