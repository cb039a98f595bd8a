//! Reading data from elsewhere: import formats, ratings, splits.
