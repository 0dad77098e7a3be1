//! A connection that remembers its prepared statements: planning costs more than running.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio_postgres::{Client, Error, Row, Statement, types::ToSql};

pub(crate) struct Prepared {
    pub(crate) client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Prepared {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::default(),
        }
    }

    pub(crate) async fn query(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let known = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(sql)
            .cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let new = self.client.prepare(sql).await?;
                self.statements
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(sql, new.clone());
                new
            }
        };
        self.client.query(&statement, params).await
    }

    /// A statement that does not fail.
    pub(crate) async fn expect(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Vec<Row> {
        self.query(sql, params)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }
}
