// SPDX-License-Identifier: Apache-2.0
//! A stack of free frame numbers in Rust: one global stack, under a lock that spins.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

const ROOM: usize = 1 << 16;

struct Stack {
    busy: AtomicBool,
    inner: UnsafeCell<Inner>,
}

struct Inner {
    count: usize,
    frames: [u32; ROOM],
}

unsafe impl Sync for Stack {}

static STACK: Stack = Stack {
    busy: AtomicBool::new(false),
    inner: UnsafeCell::new(Inner { count: 0, frames: [0; ROOM] }),
};

fn with<T>(then: impl FnOnce(&mut Inner) -> T) -> T {
    while STACK.busy.swap(true, Ordering::Acquire) {
        std::hint::spin_loop();
    }
    let done = then(unsafe { &mut *STACK.inner.get() });
    STACK.busy.store(false, Ordering::Release);
    done
}

/// False: there is no room for it.
#[no_mangle]
pub extern "C" fn stack_push(frame: u32) -> bool {
    with(|stack| {
        if stack.count == ROOM {
            return false;
        }
        stack.frames[stack.count] = frame;
        stack.count += 1;
        true
    })
}

/// -1: it is empty.
#[no_mangle]
pub extern "C" fn stack_pop() -> i64 {
    with(|stack| {
        if stack.count == 0 {
            return -1;
        }
        stack.count -= 1;
        i64::from(stack.frames[stack.count])
    })
}
