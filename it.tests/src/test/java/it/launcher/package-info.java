// SPDX-License-Identifier: Apache-2.0
/** The script {@code ib}: which JDK it takes, and what it says when it can't. */
package it.launcher;
