//! Mistakes that the exploration has to find: each alters one step of the model around the real code.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Bug {
    /// A fill's position is taken when it is stored, not when its request left.
    FillTakesPositionWhenStored,
    /// The position that a hot entry was checked at is read after it was judged.
    PositionReadAfterJudging,
    /// Acknowledged before threads have passed a turn.
    AcknowledgedBeforeTurn,
    /// A judged response is answered with in a later turn.
    AnsweredInALaterTurn,
    /// Acknowledged before the journal is durable.
    AcknowledgedBeforeJournal,
    /// A revalidated response's position is taken when the 304 came.
    RevalidationTakesPositionWhenStored,
    /// What slices were put together of has the position of the last one.
    SlicesTakeTheLastPosition,
    /// A derived variant has the position at which it was derived.
    DerivedTakesItsOwnPosition,
    /// A hard-purged response lends validators, as a soft-purged one does.
    HardPurgedLendsValidators,
    /// An answer of a parent counts as if the parent had seen all that the child has.
    ParentTrusted,
    /// A parent's answer is placed by the number of its position only.
    EpochComparedByNumber,
    /// A parent of the new epoch is taken to know what the epoch lacks.
    BranchTrusted,
    /// Two writers take the number that both saw free.
    WritersTakeOneNumber,
    /// Numbers are allotted before the commit, and one that is not committed stays a hole.
    NumberBeforeCommit,
    /// A later entry is applied while one before it is missing.
    GapSkipped,
    /// A restored control goes on in its old epoch.
    RestoreWithoutEpoch,
    /// What the truncated log no longer has is passed over.
    ResetKeepsStored,
    /// A torn record counts as applied.
    TornTailTakenWhole,
    /// A restarted node gives own positions of its last life again.
    LifeGivenTwice,
    /// The new process acknowledges while the old one still answers.
    OlderProcessForgotten,
    /// The new process reads the journal before the old one has left it.
    JournalReadBeforeHandOver,
    /// The lease counts from the reply.
    LeaseFromReply,
    /// The lease is granted by a reply whose head was not reached.
    LeaseWithoutCatchingUp,
    /// A thread reads the position first and whether the lease holds afterwards.
    LeaseReadAfterPosition,
    /// An unsafe request is answered before its invalidation is durable.
    InvalidationNotWaitedFor,
    /// The full table is emptied.
    OverflowForgets,
}
