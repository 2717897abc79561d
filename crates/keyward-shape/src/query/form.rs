//! `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use super::Malformed;

/// The first value of this name, decoded. A form that cannot be read has none.
pub fn parameter<'a>(form: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let found = parameters(form).filter_map(Result::ok);
    found.into_iter().find_map(|(found, value)| (found == name).then_some(value))
}

type Parameter<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Names and values in the order sent.
pub(super) fn parameters(form: &str) -> impl Iterator<Item = Result<Parameter<'_>, Malformed>> {
    form.split('&').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        Ok((decoded(name)?, decoded(value)?))
    })
}

fn decoded(text: &str) -> Result<Cow<'_, str>, Malformed> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().and_then(digit).ok_or(Malformed::Escape)?;
                high << 4 | rest.next().and_then(digit).ok_or(Malformed::Escape)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Malformed::Escape)
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
