//! Waiting for a turn, and not for too long.

use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// Work that waits in a queue is either begun by who works it off or given up by who asked for it, whichever comes
/// first, and never both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Takes the turn; `false` if the other side has it.
    pub(crate) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Waits for the answer, unless the work has not begun after `wait`.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if the turn did not come; then nothing was done, nor will be.
    pub(crate) async fn answer<T>(self, wait: Duration, answer: oneshot::Receiver<Result<T>>) -> Result<T> {
        let mut answer = answer;
        let answered = match tokio::time::timeout(wait, &mut answer).await {
            Ok(answered) => answered,
            Err(_) if self.take() => return Err(Error::Overloaded),
            Err(_) => answer.await,
        };
        answered.map_err(|_| Error::Internal("the queue is no longer worked off".into()))?
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;
    use crate::{Error, Result};
    use std::time::Duration;
    use tokio::sync::oneshot;

    const WAIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn what_has_not_begun_in_time_is_given_up_for_good() {
        let turn = Turn::default();
        let (_reply, answer) = oneshot::channel::<Result<()>>();
        let given_up = turn.clone().answer(WAIT, answer).await;
        assert!(matches!(given_up, Err(Error::Overloaded)), "{given_up:?}");
        assert!(!turn.take(), "nobody may begin it now");
    }

    #[tokio::test]
    async fn what_has_begun_is_waited_for_however_long_it_takes() {
        let turn = Turn::default();
        let (reply, answer) = oneshot::channel();
        assert!(turn.take());
        let waiting = tokio::spawn(turn.answer(WAIT, answer));
        tokio::time::sleep(4 * WAIT).await;
        reply.send(Ok(7)).expect("somebody who waits");
        assert!(matches!(waiting.await.expect("an end"), Ok(7)));
    }
}
