//! The forms that repositories and the rows they read have in common.

/// Declares a repository: a handle on one kind of rows, cheap to clone and to make.
macro_rules! repository {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            pub(crate) db: $crate::Database,
        }

        impl $name {
            /// Uses this database.
            #[must_use]
            pub fn new(db: &$crate::Database) -> Self {
                Self { db: db.clone() }
            }
        }
    };
}

/// Declares what a row is read into. A field is the column of its name, or of the name behind it; one that is
/// `sealed` stays `None` until its reader has opened it.
macro_rules! row {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$field_doc:meta])* $vis:vis $field:ident: $type:ty $(= $column:tt)?,)+
    }) => {
        $(#[$doc])*
        pub struct $name { $($(#[$field_doc])* $vis $field: $type,)+ }

        impl From<&tokio_postgres::Row> for $name {
            fn from(row: &tokio_postgres::Row) -> Self {
                Self { $($field: row!(@read row $field $($column)?),)+ }
            }
        }
    };
    (@read $row:ident $field:ident) => { $row.get(stringify!($field)) };
    (@read $row:ident $field:ident sealed) => { None };
    (@read $row:ident $field:ident $column:literal) => { $row.get($column) };
}
