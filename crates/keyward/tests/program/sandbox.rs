//! A data directory of its own for each test, and the program run on it.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Far above what anything takes on a slow machine; only a broken program meets it.
const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) const ACCOUNT: &str = "111122223333";

/// A place for one deployment.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
}

/// A server that is ready.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) address: String,
}

impl Sandbox {
    /// Without a deployment.
    pub(crate) fn empty() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// With a deployment of account 111122223333.
    pub(crate) fn initialised() -> Self {
        let sandbox = Self::empty();
        sandbox.succeed(&["init", "--account-id", ACCOUNT]);
        sandbox
    }

    /// The data directory.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().mode() & 0o777
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A file beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The program on this directory, with nothing of the environment of the tests.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyward"));
        command.args(arguments).env_clear().env("KEYWARD_DATA_DIR", self.dir());
        command.current_dir(self.root.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
        receiver.recv_timeout(DEADLINE).unwrap_or_else(|_| {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("{arguments:?} does not end")
        })
    }

    /// What the program prints when it succeeds, as it must.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", words(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The sentence with which the program fails, as it must.
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", words(&output));
        words(&output)
    }

    /// Serves on a free port.
    pub(crate) fn serve(&self) -> Running {
        self.serve_with(&[])
    }

    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Running {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        self.start(&mut self.command(&all))
    }

    /// Starts a server and waits until it says that it is ready.
    pub(crate) fn start(&self, command: &mut Command) -> Running {
        let notify = self.beside("notify");
        let _ = std::fs::remove_file(&notify);
        let socket = UnixDatagram::bind(&notify).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let child = command.env("NOTIFY_SOCKET", &notify).stderr(log).spawn().unwrap();
        let mut running = Running { child: Some(child), address: String::new() };
        let state = receive(&socket).unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        assert_eq!(state, "READY=1");
        self.text("run/address").trim_end().clone_into(&mut running.address);
        running
    }

    /// Every audit record, as far as it is on the disk.
    pub(crate) fn journal(&self) -> String {
        let entries = std::fs::read_dir(self.path("journal")).unwrap();
        entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }

    /// What servers have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap()
    }

    fn log_path(&self) -> PathBuf {
        self.beside("log")
    }
}

impl Running {
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        wait(self.child.take().unwrap())
    }

    /// Ends the server as a crash would.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        wait(self.child.take().unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// One datagram. A wait with a deadline is cut short when the process is held up and let go on.
fn receive(socket: &UnixDatagram) -> std::io::Result<String> {
    let mut state = [0; 64];
    loop {
        match socket.recv(&mut state) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(length) => return Ok(String::from_utf8_lossy(&state[..length]).into_owned()),
        }
    }
}

fn wait(mut child: Child) -> ExitStatus {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait().unwrap()));
    receiver.recv_timeout(DEADLINE).unwrap()
}

/// What a program said on stderr.
pub(crate) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The value of a key in a section of an AWS profile file.
pub(crate) fn setting(path: &Path, section: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("[{section}]\n"))?;
    rest.lines()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix(&format!("{key} = ")))
        .map(str::to_owned)
}
