//! Key policies and identity policies: documents and their well-formedness. Pure.
