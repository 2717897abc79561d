//! A call in the Query protocol: its form says which operation it is, so the form is read first.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Body;
use keyward_engine::{Authentication, FORM_BYTES_MAX, Protocol, Reply};
use keyward_model::Caller;

use super::{Asked, Calls, Known, header_list, require_announced};
use crate::body::{HeldBody, Origin};
use crate::in_flight::Kept;
use crate::metrics::count_unrouted;
use crate::refused::Refused;
use crate::route::{Route, global};
use crate::{Backend, aws_query};

impl<B: Backend> Calls<B> {
    /// The operation, if it is known, and its outcome.
    pub(super) async fn answer_query<'a, D>(
        &'a self,
        asked: Asked<'a>,
        body: D,
    ) -> (Option<&'a Route>, Result<Reply, Refused>)
    where
        D: Body<Data = Bytes> + Unpin,
    {
        match self.read_form(asked, body).await {
            Ok((route, received)) => {
                let call = self.run_form(route, asked, received);
                (Some(route), self.measured(route, asked, call).await)
            }
            Err(refused) => {
                count_unrouted(refused.name);
                (None, Err(refused))
            }
        }
    }

    async fn read_form<'a, D>(
        &'a self,
        asked: Asked<'a>,
        body: D,
    ) -> Result<(&'a Route, HeldBody<'a>), Refused>
    where
        D: Body<Data = Bytes> + Unpin,
    {
        require_announced(&body, FORM_BYTES_MAX)?;
        let slow_bodies = &asked.connection.slow_bodies;
        let origin = Origin { address: asked.source_ip, slow_bodies };
        let received = self.bodies.read(body, FORM_BYTES_MAX, origin).await;
        let received = received.map_err(|error| Refused::unread(&error, Protocol::AwsQuery))?;
        let form = aws_query::form(asked.head, received.bytes());
        let route = aws_query::find_route(form, &self.routes)?;
        Ok((route, received))
    }

    async fn run_form(
        &self,
        route: &Route,
        asked: Asked<'_>,
        received: HeldBody<'_>,
    ) -> Result<Reply, Refused> {
        if route.entry.authentication == Authentication::NoneAndTheOperationIdentifiesItsCaller {
            return self.run_for_a_stranger(route, asked, received).await;
        }
        let headers = header_list(asked.head);
        let presented = self.present(route, asked, &headers)?;
        let known = self.verify(route, asked, &presented, received.bytes()).await?;
        let Some(running) = self.in_flight.enter() else {
            return Err(self.refuse_busy(route, asked, known).await);
        };
        let form = Kept::form(received.into_bytes(), &asked.head.uri, running);
        self.dispatch(route, asked, known, form).await
    }

    /// A signature, should there be one, says nothing. The form stays in the budget of those who
    /// are not known.
    async fn run_for_a_stranger(
        &self,
        route: &Route,
        asked: Asked<'_>,
        mut received: HeldBody<'_>,
    ) -> Result<Reply, Refused> {
        let backend = &*self.backend;
        let caller = Arc::new(Caller::stranger(backend.partition()));
        let region = global(backend).ok_or(Refused::internal_failure())?;
        let running = self.strangers.enter().ok_or(Refused::service_unavailable())?;
        let form = Kept::form(received.take_bytes(), &asked.head.uri, running);
        self.dispatch(route, asked, Known { caller, region }, form).await
    }
}
