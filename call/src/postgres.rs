//! The same types as values of SQL statements.

use std::error::Error;

use postgres_types::{FromSql, IsNull, Kind, ToSql, Type, private::BytesMut, to_sql_checked};
use uuid::Uuid;

use crate::{
    AuthLevel, CallEnding, Channel, ProfileId, Resolution, Sentiment, SessionId, Speaker,
    ToolOutcome,
};

#[doc(hidden)]
pub use postgres_types as types;

/// What a conversion to or from the wire returns.
type Converted<T> = Result<T, Box<dyn Error + Sync + Send>>;

/// Makes a [`text_enum!`](crate::text_enum) a value of SQL: of a text or of a PostgreSQL enum.
#[macro_export]
macro_rules! sql_text {
    ($($name:ident),+) => { $(
        impl<'a> $crate::postgres::types::FromSql<'a> for $name {
            fn from_sql(_: &$crate::postgres::types::Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
                Ok(std::str::from_utf8(raw)?.parse()?)
            }
            fn accepts(ty: &$crate::postgres::types::Type) -> bool {
                $crate::postgres::is_text(ty)
            }
        }

        impl $crate::postgres::types::ToSql for $name {
            fn to_sql(
                &self,
                _: &$crate::postgres::types::Type,
                out: &mut $crate::postgres::types::private::BytesMut,
            ) -> Result<$crate::postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
                out.extend_from_slice(self.as_str().as_bytes());
                Ok($crate::postgres::types::IsNull::No)
            }
            fn accepts(ty: &$crate::postgres::types::Type) -> bool {
                $crate::postgres::is_text(ty)
            }
            $crate::postgres::types::to_sql_checked!();
        }
    )+ };
}

sql_text!(
    CallEnding,
    Channel,
    Resolution,
    Sentiment,
    Speaker,
    ToolOutcome
);

/// Whether the wire form of a type is the text itself.
#[must_use]
pub fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR) || matches!(ty.kind(), Kind::Enum(_))
}

macro_rules! sql_uuid {
    ($($name:ident),+) => { $(
        impl<'a> FromSql<'a> for $name {
            fn from_sql(ty: &Type, raw: &'a [u8]) -> Converted<Self> {
                Uuid::from_sql(ty, raw).map(Self)
            }
            fn accepts(ty: &Type) -> bool {
                <Uuid as FromSql>::accepts(ty)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Converted<IsNull> {
                self.0.to_sql(ty, out)
            }
            fn accepts(ty: &Type) -> bool {
                <Uuid as ToSql>::accepts(ty)
            }
            to_sql_checked!();
        }
    )+ };
}

sql_uuid!(ProfileId, SessionId);

impl<'a> FromSql<'a> for AuthLevel {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Converted<Self> {
        i16::from_sql(ty, raw).map(Self::from)
    }
    fn accepts(ty: &Type) -> bool {
        <i16 as FromSql>::accepts(ty)
    }
}
