// SPDX-License-Identifier: Apache-2.0
/** The Felix runtime as a directory, its launcher and its operator tools. */
@NullMarked
package ib.host.internal;

import org.jspecify.annotations.NullMarked;
