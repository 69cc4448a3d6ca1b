// SPDX-License-Identifier: Apache-2.0
/** The kit as a command of the shell. */
@NullMarked
package ib.dma.tck.internal;

import org.jspecify.annotations.NullMarked;
