//! Enums that are stored by name, as text or as a PostgreSQL enum.

/// Declares an enum whose variants have one spelling, used in SQL and in JSON alike.
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// The stored spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err(format!("{other:?} is none of {:?}", [$($text),+])),
                }
            }
        }

        impl<'a> tokio_postgres::types::FromSql<'a> for $name {
            fn from_sql(_: &tokio_postgres::types::Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
                Ok(std::str::from_utf8(raw)?.parse()?)
            }
            fn accepts(ty: &tokio_postgres::types::Type) -> bool {
                $crate::text_enum::is_text(ty)
            }
        }

        impl tokio_postgres::types::ToSql for $name {
            fn to_sql(
                &self,
                _: &tokio_postgres::types::Type,
                out: &mut tokio_postgres::types::private::BytesMut,
            ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
                out.extend_from_slice(self.as_str().as_bytes());
                Ok(tokio_postgres::types::IsNull::No)
            }
            fn accepts(ty: &tokio_postgres::types::Type) -> bool {
                $crate::text_enum::is_text(ty)
            }
            tokio_postgres::types::to_sql_checked!();
        }
    };
}
pub(crate) use text_enum;

/// Types whose wire form is the text itself.
pub(crate) fn is_text(ty: &tokio_postgres::types::Type) -> bool {
    use tokio_postgres::types::{Kind, Type};
    matches!(*ty, Type::TEXT | Type::VARCHAR) || matches!(ty.kind(), Kind::Enum(_))
}
