//! How many further tries a group may spend: a share of its first tries over the last ten seconds. When everything
//! fails, retries would double the load of what is failing already.

/// The window, in slots of one second.
const SLOTS: usize = 10;

/// Further tries within the window that are free whatever the share, so that a quiet group has retries, too.
const FREE: u64 = 10;

/// The tries of the last seconds.
#[derive(Default, Debug)]
pub(crate) struct Budget {
    slots: [Slot; SLOTS],
}

#[derive(Copy, Clone, Default, Debug)]
struct Slot {
    second: u64,
    first: u64,
    further: u64,
}

impl Budget {
    /// A request was sent for the first time.
    pub(crate) fn first(&mut self, second: u64) {
        self.slot(second).first += 1;
    }

    /// Whether one more may be sent again; counted when it may.
    pub(crate) fn further(&mut self, second: u64, share_percent: u32) -> bool {
        let within = |slot: &&Slot| slot.second <= second && second - slot.second < SLOTS as u64;
        let (mut first, mut further) = (0, 0);
        for slot in self.slots.iter().filter(within) {
            first += slot.first;
            further += slot.further;
        }
        let may = further < FREE.max(first * u64::from(share_percent) / 100);
        if may {
            self.slot(second).further += 1;
        }
        may
    }

    fn slot(&mut self, second: u64) -> &mut Slot {
        let slot = &mut self.slots[second as usize % SLOTS];
        if slot.second != second {
            *slot = Slot { second, ..Slot::default() };
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(budget: &mut Budget, second: u64, share: u32, asked: usize) -> usize {
        (0..asked).filter(|_| budget.further(second, share)).count()
    }

    #[test]
    fn ten_are_free_and_beyond_them_a_share_of_the_first() {
        let mut quiet = Budget::default();
        quiet.first(100);
        assert_eq!(granted(&mut quiet, 100, 20, 50), 10);
        let mut busy = Budget::default();
        (0..200).for_each(|_| busy.first(100));
        assert_eq!(granted(&mut busy, 100, 20, 200), 40);
    }

    #[test]
    fn it_fills_again_as_seconds_pass() {
        let mut budget = Budget::default();
        assert_eq!(granted(&mut budget, 0, 20, 50), 10);
        assert_eq!(granted(&mut budget, 9, 20, 50), 0, "still within the window");
        assert_eq!(granted(&mut budget, 10, 20, 50), 10);
        assert_eq!(granted(&mut budget, 1000, 20, 50), 10);
    }

    #[test]
    fn ten_are_free_even_without_a_share() {
        assert_eq!(granted(&mut Budget::default(), 5, 0, 50), 10);
    }
}
