//! A small table and a hand-written shape over it, for this crate's tests.

use serde::Deserialize;

use crate::table::{
    BlobShape, Constraint, EnumShape, IntegerShape, ListShape, Member, Shape, Structure, TextShape,
};
use crate::{Blob, Context, Int, List, OneOf, SecretBlob, SecretText, Text, Timestamp, pattern};

macro_rules! constraints {
    ($($name:ident: $shape:ident = $value:expr;)*) => {$(
        pub(crate) enum $name {}
        impl Constraint for $name {
            type Shape = $shape;
            const SHAPE: &'static $shape = &$value;
        }
    )*};
}

constraints! {
    AliasName: TextShape = TextShape {
        min: 1,
        max: 20,
        pattern: Some(pattern!("^[a-zA-Z0-9:/_-]+$")),
        sensitive: false,
    };
    Ciphertext: BlobShape = BlobShape { min: 1, max: 6, sensitive: false };
    Description: TextShape = TextShape { min: 0, max: 8, pattern: None, sensitive: false };
    KeyId: TextShape = TextShape { min: 1, max: 2048, pattern: None, sensitive: false };
    KeySpec: EnumShape =
        EnumShape { values: &["AES_256", "AES_128"], shown: &["RSA_2048", "HMAC_256"] };
    NumberOfBytes: IntegerShape = IntegerShape { min: 1, max: 1024 };
    Operation: EnumShape = EnumShape::of(&["Decrypt", "Encrypt"]);
    Operations: ListShape = ListShape { member: Shape::Enum(Operation::SHAPE), min: 0, max: 9 };
    Password: TextShape = TextShape { min: 7, max: 32, pattern: None, sensitive: true };
    Plaintext: BlobShape = BlobShape { min: 1, max: 8, sensitive: true };
    TagList: ListShape =
        ListShape { member: Shape::Structure(&TAG), min: 0, max: usize::MAX };
    TagKey: TextShape = TextShape { min: 1, max: 4, pattern: None, sensitive: false };
    TagValue: TextShape = TextShape { min: 0, max: 4, pattern: None, sensitive: false };
    Token: TextShape = TextShape { min: 1, max: 16, pattern: None, sensitive: false };
    Tokens: ListShape = ListShape { member: Shape::Text(Token::SHAPE), min: 0, max: 2 };
}

pub(crate) static TAG: Structure = Structure {
    name: "Tag",
    members: &[
        Member::required("TagKey", Shape::Text(TagKey::SHAPE)),
        Member::required("TagValue", Shape::Text(TagValue::SHAPE)),
    ],
};

pub(crate) static REQUEST: Structure = Structure {
    name: "Request",
    members: &[
        Member::required("KeyId", Shape::Text(KeyId::SHAPE)),
        Member::optional("AliasName", Shape::Text(AliasName::SHAPE)),
        Member::optional("Description", Shape::Text(Description::SHAPE)),
        Member::optional("Password", Shape::Text(Password::SHAPE)),
        Member::optional("CiphertextBlob", Shape::Blob(Ciphertext::SHAPE)),
        Member::optional("Plaintext", Shape::Blob(Plaintext::SHAPE)),
        Member::optional("NumberOfBytes", Shape::Integer(NumberOfBytes::SHAPE)),
        Member::optional("DryRun", Shape::Boolean),
        Member::optional("ValidTo", Shape::Timestamp),
        Member::optional("KeySpec", Shape::Enum(KeySpec::SHAPE)),
        Member::optional("GrantTokens", Shape::List(Tokens::SHAPE)),
        Member::optional("Operations", Shape::List(Operations::SHAPE)),
        Member::optional("Tags", Shape::List(TagList::SHAPE)),
        Member::optional("EncryptionContext", Shape::TextMap),
        Member::optional("Tag", Shape::Structure(&TAG)),
    ],
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "most members are only read")]
pub(crate) struct Tag<'a> {
    #[serde(borrow)]
    pub(crate) tag_key: Text<'a, TagKey>,
    #[serde(borrow)]
    pub(crate) tag_value: Text<'a, TagValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "most members are only read")]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub(crate) key_id: Text<'a, KeyId>,
    #[serde(borrow)]
    pub(crate) alias_name: Option<Text<'a, AliasName>>,
    #[serde(borrow)]
    pub(crate) description: Option<Text<'a, Description>>,
    pub(crate) password: Option<SecretText<Password>>,
    pub(crate) ciphertext_blob: Option<Blob<Ciphertext>>,
    pub(crate) plaintext: Option<SecretBlob<Plaintext>>,
    pub(crate) number_of_bytes: Option<Int<NumberOfBytes>>,
    #[serde(default)]
    pub(crate) dry_run: bool,
    pub(crate) valid_to: Option<Timestamp>,
    pub(crate) key_spec: Option<OneOf<String, KeySpec>>,
    #[serde(borrow, default)]
    pub(crate) grant_tokens: List<Text<'a, Token>, Tokens>,
    #[serde(default)]
    pub(crate) operations: List<OneOf<String, Operation>, Operations>,
    #[serde(borrow, default)]
    pub(crate) tags: List<Tag<'a>, TagList>,
    #[serde(borrow, default)]
    pub(crate) encryption_context: Context<'a>,
    #[serde(borrow)]
    pub(crate) tag: Option<Tag<'a>>,
}

pub(crate) static REPLY: Structure = Structure {
    name: "Reply",
    members: &[
        Member::required("KeyId", Shape::Text(KeyId::SHAPE)),
        Member::optional("CreationDate", Shape::Timestamp),
        Member::optional("Count", Shape::Integer(NumberOfBytes::SHAPE)),
        Member::optional("Enabled", Shape::Boolean),
        Member::optional("Blob", Shape::Blob(Ciphertext::SHAPE)),
        Member::optional("Tags", Shape::List(TagList::SHAPE)),
        Member::optional("Context", Shape::TextMap),
        Member::optional("Spec", Shape::Enum(KeySpec::SHAPE)),
    ],
};
