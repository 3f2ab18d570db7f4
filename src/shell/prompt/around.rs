//! What there is around the prompt: asked of the kernel, of the session and of the file system at the moment that it is wanted.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use rhai::{Dynamic, Map};

use crate::catalog::signature::{Parameter, Signature};
use crate::kernel::error::Error;
use crate::kernel::{addr, link, sysctl};
use crate::lab::Lab;
use crate::script::netns::Handle;
use crate::script::session::Session;
use crate::script::value::type_name;

use super::super::outline::Import;
use super::complete::surroundings::{Surroundings, Variable};

/// The surroundings of a prompt. What can't be asked is empty: whoever types is not told of errors.
pub struct Around {
    lab: Rc<Lab>,
    session: Rc<RefCell<Session>>,
}

impl Around {
    /// Those of this session in this lab.
    pub fn new(lab: Rc<Lab>, session: Rc<RefCell<Session>>) -> Self {
        Around { lab, session }
    }

    /// What `ask` says in a namespace.
    fn asked(
        &self,
        netns: Option<&str>,
        ask: impl FnOnce() -> Result<Vec<String>, Error>,
    ) -> Vec<String> {
        let netns = netns.map_or_else(|| Ok(self.lab.current()), |name| self.lab.netns(name));
        let answer = netns.and_then(|netns| self.lab.within(&netns, ask)?);
        answer.unwrap_or_default()
    }
}

impl Surroundings for Around {
    fn links(&self, netns: Option<&str>) -> Vec<String> {
        self.asked(netns, || {
            let namespace = self.lab.current().namespace()?;
            link::names(&namespace)
        })
    }

    fn namespaces(&self) -> Vec<String> {
        self.lab.netns_names().unwrap_or_default()
    }

    fn addresses(&self, netns: Option<&str>, link: Option<&str>) -> Vec<String> {
        self.asked(netns, || {
            let namespace = self.lab.current().namespace()?;
            let only = link
                .map(|link| namespace.route()?.index_of(link))
                .transpose()?;
            let addresses = addr::list(&namespace)?.into_iter();
            let addresses = addresses.filter(|addr| only.is_none_or(|index| addr.index == index));
            Ok(addresses.map(|addr| addr.local.to_string()).collect())
        })
    }

    fn sysctls(&self, netns: Option<&str>, prefix: &str) -> Vec<String> {
        self.asked(netns, || {
            let namespace = self.lab.current().namespace()?;
            Ok(sysctl::one_level(&namespace, prefix))
        })
    }

    fn variables(&self) -> Vec<Variable> {
        // A statement that runs has the session; nobody types meanwhile.
        let Ok(session) = self.session.try_borrow() else {
            return Vec::new();
        };
        let mut variables: Vec<Variable> = Vec::new();
        for (name, _, value) in session.scope().iter() {
            variables.retain(|known| known.name != name);
            variables.push(variable(name, &value));
        }
        variables
    }

    fn functions(&self) -> Vec<Signature> {
        let Ok(session) = self.session.try_borrow() else {
            return Vec::new();
        };
        let named = session
            .functions()
            .filter(|function| !function.name.starts_with("anon$"));
        let signature = |function: rhai::ScriptFnMetadata| Signature {
            name: function.name.into(),
            parameters: function
                .params
                .iter()
                .map(|name| Parameter {
                    name: (*name).into(),
                    kind: "any".into(),
                })
                .collect(),
            returns: "any".into(),
        };
        named.map(signature).collect()
    }

    fn imports(&self) -> Vec<Import> {
        let Ok(session) = self.session.try_borrow() else {
            return Vec::new();
        };
        let imports = session.imports().iter().cloned();
        imports.map(|(name, path)| Import { path, name }).collect()
    }

    fn files(&self, prefix: &str) -> Vec<String> {
        let folder = if prefix.is_empty() { "." } else { prefix };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let end = if entry.path().is_dir() { "/" } else { "" };
                Some(format!("{prefix}{name}{end}"))
            })
            .collect()
    }

    fn programs(&self, prefix: &str) -> Vec<String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).collect::<Vec<_>>();
        let programs: BTreeSet<String> = folders
            .iter()
            .flat_map(|folder| names_in(folder, prefix))
            .collect();
        programs.into_iter().collect()
    }
}

fn names_in(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with(prefix)).collect()
}

fn variable(name: &str, value: &Dynamic) -> Variable {
    let handle = value.read_lock::<Handle>();
    let keys = |map: &Map| map.keys().map(ToString::to_string).collect::<Vec<_>>();
    let of_map = || value.as_map_ref().ok().map(|map| keys(&map));
    let of_array = || {
        let array = value.as_array_ref().ok()?;
        let first = array.first()?.as_map_ref().ok()?;
        Some(keys(&first))
    };
    Variable {
        name: name.into(),
        kind: type_name(value).into(),
        netns: handle.map(|handle| handle.name().to_string()),
        keys: of_map().or_else(of_array).unwrap_or_default(),
    }
}
