//! The loopback server of the window: switched on and off, one step after the other.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};

use super::outbox::UpdateSender;
use crate::{
    backend::{AdmissionRules, BackendTargets},
    domain::{clock::Clock, fault::FaultRule, settings::origin::PageOrigin},
    messages::{ServerInfo, WorkerUpdate},
    server::{Server, ServerConfig, StartError},
    webhooks::{ForwardTo, WebhookConfig},
};

/// How long a server that is switched off has for what is in flight: a hold may go on for minutes.
const PATIENCE: Duration = Duration::from_millis(300);

/// What the task with the server is to do next.
enum ServerStep {
    /// Serve on this port, or nowhere.
    Serve(Option<u16>),
    Faults(Vec<FaultRule>),
    /// By what calls are let in.
    Admission(AdmissionRules),
    /// At which origins webhook endpoints may be besides this machine, and where all events go.
    Receivers(Vec<PageOrigin>, Vec<ForwardTo>),
}

/// The handle of the task that has the server.
pub(super) struct ServerHandle {
    steps: UnboundedSender<ServerStep>,
    task: JoinHandle<()>,
}

impl ServerHandle {
    /// Must be called on the runtime.
    pub(super) fn start(
        targets: BackendTargets,
        clock: Clock,
        admission: AdmissionRules,
        webhooks: WebhookConfig,
        outbox: UpdateSender,
    ) -> Self {
        let (steps, taken) = unbounded_channel();
        let state = ServerState { targets, clock, admission, webhooks, faults: Vec::new(), server: None, outbox };
        Self { steps, task: tokio::spawn(state.work(taken)) }
    }

    fn step(&self, step: ServerStep) {
        // The task ends with this handle only.
        let _ = self.steps.send(step);
    }

    pub(super) fn serve(&self, port: Option<u16>) {
        self.step(ServerStep::Serve(port));
    }

    pub(super) fn set_faults(&self, rules: Vec<FaultRule>) {
        self.step(ServerStep::Faults(rules));
    }

    pub(super) fn set_admission(&self, rules: AdmissionRules) {
        self.step(ServerStep::Admission(rules));
    }

    pub(super) fn set_receivers(&self, origins: Vec<PageOrigin>, forwards: Vec<ForwardTo>) {
        self.step(ServerStep::Receivers(origins, forwards));
    }

    /// Stops the server, what is in flight first.
    pub(super) async fn end(self) {
        drop(self.steps);
        // It ends within its own patience.
        let _ = self.task.await;
    }
}

struct ServerState {
    targets: BackendTargets,
    clock: Clock,
    admission: AdmissionRules,
    webhooks: WebhookConfig,
    faults: Vec<FaultRule>,
    server: Option<Server>,
    outbox: UpdateSender,
}

impl ServerState {
    async fn work(mut self, mut steps: UnboundedReceiver<ServerStep>) {
        while let Some(step) = steps.recv().await {
            match step {
                ServerStep::Serve(port) => self.serve(port).await,
                ServerStep::Faults(rules) => {
                    self.faults = rules;
                    if let Some(server) = &self.server {
                        server.set_faults(self.faults.clone());
                    }
                }
                ServerStep::Admission(rules) => {
                    self.admission = rules;
                    if let Some(server) = &self.server {
                        server.set_admission(self.admission.clone());
                    }
                }
                ServerStep::Receivers(origins, forwards) => {
                    (self.webhooks.origins, self.webhooks.forwards) = (origins, forwards);
                    if let Some(server) = &self.server {
                        server.set_webhook_origins(self.webhooks.origins.clone());
                        server.set_forwards(self.webhooks.forwards.clone());
                    }
                }
            }
        }
        self.stop().await;
    }

    async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            // What is still in flight then is cut off: its client sees no answer, and may ask again.
            let _ = timeout(PATIENCE, server.stop()).await;
        }
    }

    async fn serve(&mut self, port: Option<u16>) {
        self.stop().await;
        let info = match port {
            None => ServerInfo::Off,
            Some(port) => self.start(port).await,
        };
        self.outbox.send(WorkerUpdate::Server(info));
    }

    async fn start(&mut self, port: u16) -> ServerInfo {
        let config = ServerConfig {
            targets: self.targets.clone(),
            clock: self.clock.clone(),
            listen: (Ipv4Addr::LOCALHOST, port).into(),
            admission: self.admission.clone(),
            is_isolating: false,
            faults: self.faults.clone(),
            webhooks: self.webhooks.clone(),
        };
        match Server::start(config).await {
            Ok(server) => {
                let info = ServerInfo::On {
                    address: server.address().to_string(),
                    control_token: server.control_token().to_owned(),
                };
                self.server = Some(server);
                info
            }
            Err(error) => {
                let next_free = match error {
                    StartError::Taken { next_free, .. } => next_free,
                    _ => None,
                };
                ServerInfo::Failed { message: error.to_string(), next_free }
            }
        }
    }
}
