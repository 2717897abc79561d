//! What every call passes: operation, dispatch, context, authorization, the staged change.
